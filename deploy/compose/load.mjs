// Requests of different kinds and sizes, some of them wrong, at about ten a second: `node load.mjs http://127.0.0.1:8080`.
const [url = 'http://127.0.0.1:8080'] = process.argv.slice(2);
const words = 'rain on the roof makes me want to stay in bed and read until the evening comes'.split(' ');

const text = () => words.slice(0, 1 + Math.floor(Math.random() * words.length)).join(' ');

const requests = [
  () => ['/nicknames', { text: text() }],
  () => ['/embed', { inputs: Array.from({ length: 1 + Math.floor(Math.random() * 8) }, text) }],
  () => ['/v1/embeddings', { model: 'nickname-encoder', input: text() }],
  () => ['/v1/completions', { prompt: text(), max_tokens: 16, stream: true }],
  // A mistake now and then.
  () => (Math.random() < 0.2 ? ['/embed', { inputs: [] }] : ['/nicknames', { text: text() }]),
];

async function send() {
  const [path, body] = requests[Math.floor(Math.random() * requests.length)]();
  try {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await response.text();
  } catch (error) {
    console.error(`POST ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

console.log(`sending requests to ${url}`);
const timer = setInterval(send, 100);
// Without it the first process of a container does not hear of a stop.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => clearInterval(timer));

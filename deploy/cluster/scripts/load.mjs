// `node load.mjs URL CLIENTS WORDS`: so many clients that post a text of WORDS words one after the other, until standard input ends.
// Prints `started` with the first answer, and at the end {"answered":…,"lost":…,"first":"the first loss"}.
// Each takes a connection of its own for every eighth request and keeps it for the others, as clients of a pool do.
import { Agent, request } from 'node:http';

const [url, clients, words] = process.argv.slice(2);
const text = Array.from({ length: Number(words) }, (_, i) => `word${i % 7}`).join(' ');
const body = JSON.stringify({ inputs: text });
let over = false;
let answered = 0;
let lost = 0;
let first;
process.stdin.resume().on('end', () => {
  over = true;
});

function post(agent) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { method: 'POST', agent, headers, timeout: 60_000 }, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => {
        // Overload is refused on purpose, and said: nothing is lost by it.
        if (response.statusCode === 200 || response.statusCode === 429) resolve();
        else reject(new Error(`status ${response.statusCode}`));
      });
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer in 60 s')));
    sent.on('error', (error) => {
      // What HTTP clients do by themselves: a kept connection that was closed before a byte of the answer came is tried anew.
      if (sent.reusedSocket && error.code === 'ECONNRESET') resolve(post(new Agent()));
      else reject(error);
    });
    sent.end(body);
  });
}

async function client() {
  let agent = new Agent({ keepAlive: true });
  for (let i = 1; !over; i++) {
    try {
      await post(agent);
      if (answered++ === 0) process.stdout.write('started\n');
    } catch (error) {
      lost++;
      first ??= String(error);
    }
    if (i % 8 === 0) {
      agent.destroy();
      agent = new Agent({ keepAlive: true });
    }
  }
  agent.destroy();
}

await Promise.all(Array.from({ length: Number(clients) }, client));
process.stdout.write(`${JSON.stringify({ answered, lost, first })}\n`);
process.exit();

// `node ask.mjs URL [JSON]`: prints status and text of the answer to a GET, or to a POST of JSON, as one JSON object.
const [url, body] = process.argv.slice(2);
const request =
  body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body };
const response = await fetch(url, { ...request, signal: AbortSignal.timeout(20_000) });
process.stdout.write(JSON.stringify({ status: response.status, text: await response.text() }));

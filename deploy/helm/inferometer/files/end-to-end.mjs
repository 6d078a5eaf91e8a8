// `helm test`: a request is answered, its metric is in Prometheus, and the trace that an exemplar points to is stored.
// Settings come by variables; a store that the release does not have is an empty one.
const { SERVICE_URL, PROMETHEUS_URL, JAEGER_URL, NAMESPACE, TIMEOUT_SECONDS = '120' } = process.env;
const deadline = Date.now() + Number(TIMEOUT_SECONDS) * 1000;
const began = Date.now() / 1000;

/** JSON of a GET. */
async function get(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`GET ${url}: ${response.status} ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

/** A query of Prometheus' API. */
async function prometheus(path, parameters) {
  const { data } = await get(`${PROMETHEUS_URL}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  return data;
}

/** Tries every second until there is a result. @throws the last reason once the time is up */
async function until(what, attempt) {
  for (;;) {
    let reason = 'nothing yet';
    try {
      const result = await attempt();
      if (result) {
        console.log(`ok: ${what}`);
        return result;
      }
    } catch (error) {
      reason = error.cause ? `${error.message}: ${error.cause.message}` : error.message;
    }
    if (Date.now() > deadline) throw new Error(`not within ${TIMEOUT_SECONDS} s: ${what} (${reason})`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** One inference, of the first model that is served; one that takes no texts says so, and counts as well. */
async function request() {
  const { data } = await get(`${SERVICE_URL}/v1/models`);
  const response = await fetch(`${SERVICE_URL}/v1/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: data[0].id, input: 'is anybody there' }),
    signal: AbortSignal.timeout(30_000),
  });
  await response.arrayBuffer();
  return response.status < 500;
}

const series = `inference_request_duration_seconds_count{namespace="${NAMESPACE}",job="inferometer"}`;

await until('the service answers', request);
if (PROMETHEUS_URL) {
  await until('Prometheus has the request', async () => {
    await request();
    const { result } = await prometheus('query', { query: `sum(${series})` });
    return Number(result[0]?.value[1]) > 0;
  });
}
if (PROMETHEUS_URL && JAEGER_URL) {
  await until('the trace of an exemplar is stored', async () => {
    await request();
    const query = `inference_request_duration_seconds_bucket{namespace="${NAMESPACE}"}`;
    const found = await prometheus('query_exemplars', {
      query,
      start: began - 3600,
      end: Date.now() / 1000 + 60,
    });
    const ids = found
      .flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels.trace_id))
      .filter(Boolean);
    // The newest first: older ones may be of a store that has been restarted.
    for (const id of ids.reverse()) {
      const response = await fetch(`${JAEGER_URL}/api/traces/${id}`, { signal: AbortSignal.timeout(10_000) });
      if (response.ok && (await response.json()).data?.length > 0) return true;
    }
    throw new Error(`${ids.length} exemplars, none of which leads to a trace`);
  });
}

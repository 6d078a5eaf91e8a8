// Uses instrumented modules by require, within a span of its own.
const { trace } = require('@opentelemetry/api');
const Redis = require('ioredis');
const pg = require('pg');
const pino = require('pino');
const prom = require('prom-client');

const [redisUrl, postgresPort] = process.argv.slice(2);
new prom.Counter({ name: 'app_jobs_total', help: 'Jobs done.' }).inc(3);

async function main() {
  await trace.getTracer('modules').startActiveSpan('work', async (span) => {
    pino().info('inside');
    const redis = new Redis(redisUrl);
    await redis.set('key', 'value');
    await redis.quit();
    const client = new pg.Client({
      host: '127.0.0.1',
      port: Number(postgresPort),
      user: 'app',
      database: 'app',
    });
    await client.connect().catch((error) => process.stdout.write(`${error.code}\n`));
    span.end();
  });
  pino().info('outside');
  process.stdout.write('ready\n');
  setInterval(() => {}, 1000);
}
main();

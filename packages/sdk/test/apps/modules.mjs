// Uses instrumented modules by import, within a span of its own.
import { trace } from '@opentelemetry/api';
import Redis from 'ioredis';
import pg from 'pg';
import pino from 'pino';
import prom from 'prom-client';

const [redisUrl, postgresPort] = process.argv.slice(2);
new prom.Counter({ name: 'app_jobs_total', help: 'Jobs done.' }).inc(3);

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

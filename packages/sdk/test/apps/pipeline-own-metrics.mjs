// An application that had prom-client before it had telemetry: its own metrics, and prom-client's default ones.
import express from 'express';
import { Counter, collectDefaultMetrics, Histogram, register } from 'prom-client';

collectDefaultMetrics();
register.setDefaultLabels({ shop: 'north' });
const orders = new Counter({ name: 'shop_orders_total', help: 'Orders.', labelNames: ['kind'] });
const price = new Histogram({ name: 'shop_price_euros', help: 'Prices.', buckets: [1, 10, 100] });
const app = express();

app.get('/order/:price', (request, response) => {
  orders.inc({ kind: 'web' });
  price.observe(Number(request.params.price));
  response.json({ ok: true });
});

const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on ${server.address().port}\n`);
});

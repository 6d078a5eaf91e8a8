/**
 * The Express app of every row: `node server.mjs TELEMETRY`. The handler's text is the same in all of them; what
 * `phase` and `request` do is the row's. Packages come from the working directory, so that each row has its own set,
 * and through `require`, which every one of the rivals can patch.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.cwd(), 'package.json'));
const { createTelemetry } = await import(`./telemetry/${process.argv[2]}.mjs`);
const express = require('express');

const phases = ['admission', 'preprocess', 'tokenise', 'queue', 'batch', 'run', 'postprocess', 'write'];
const answer = { ok: true };
const nothing = () => {};

const { phase, request, middleware } = createTelemetry(require);
const app = express();
if (middleware) app.use(middleware);
app.post('/embed', (_request, response) =>
  request(() => {
    for (const name of phases) phase(name, nothing);
    response.json(answer);
  }),
);
const server = app.listen(0, '127.0.0.1', (error) => {
  if (error) throw error;
  process.stdout.write(`listening on http://127.0.0.1:${server.address().port}\n`);
});

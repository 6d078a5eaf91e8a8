/** What both applications do that ask a Postgres; how they load the three packages is what is tested. */
module.exports = function serve({ express, pg, phase }) {
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
  const app = express();

  app.get('/hello/:name', async (request, response) => {
    const first = await pool.query('SELECT 1 AS one');
    const second = await phase('preprocess', () =>
      pool.query('select $1::text AS name', [request.params.name]),
    );
    response.json({ ...first.rows[0], ...second.rows[0] });
  });
  app.get('/fails', async (_request, response) => {
    response.json((await pool.query('SELECT * FROM nowhere')).rows);
  });

  const server = app.listen(0, '127.0.0.1', () => {
    process.stdout.write(`listening on ${server.address().port}\n`);
  });
};

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWithParts, type Postgres, runProgram, startPostgres, startProcess } from '../src/index.ts';
import { isGone } from './gone.ts';

/** What psql prints for a query. */
async function ask({ binFolder, url }: Postgres, query: string): Promise<string> {
  const { stdout, stderr } = await runProgram(join(binFolder, 'psql'), ['-XAtc', query, url]);
  return stdout.trimEnd() + stderr;
}

describeWithParts('startPostgres', ['postgres'], () => {
  test('starts an empty cluster that is gone after stop, also with clients that stay', async () => {
    await using postgres = await startPostgres();
    expect(postgres.url).toBe(`postgres://postgres@127.0.0.1:${postgres.port}/postgres`);
    expect(await ask(postgres, 'SELECT count(*) FROM pg_stat_user_tables')).toBe('0');
    const data = await ask(postgres, 'SHOW data_directory');
    const sockets = await ask(postgres, 'SHOW unix_socket_directories');
    expect(existsSync(data)).toBe(true);
    expect(existsSync(join(sockets, `.s.PGSQL.${postgres.port}`))).toBe(true);
    await using client = await startProcess({
      command: join(postgres.binFolder, 'psql'),
      args: ['-XAt', '-c', 'SELECT 42', '-c', 'SELECT pg_sleep(1000)', postgres.url],
      ready: { output: /^42$/m },
    });
    await postgres.stop();
    expect(isGone(postgres.pid)).toBe(true);
    expect(existsSync(data)).toBe(false);
    expect(existsSync(sockets)).toBe(false);
    expect((await client.exited).code).toBe(2);
  });

  test('two at a time know nothing of each other', async () => {
    await using one = await startPostgres();
    await using other = await startPostgres();
    expect(await ask(one, 'CREATE TABLE here (id int)')).toBe('CREATE TABLE');
    expect(await ask(one, "SELECT to_regclass('here')")).toBe('here');
    expect(await ask(other, "SELECT to_regclass('here')")).toBe('');
  });
});

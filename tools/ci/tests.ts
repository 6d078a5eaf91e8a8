/**
 * Runs one npm script of tests and appends `PASSED FAILED SKIPPED` to a file and what failed to another.
 *
 * Tests run real servers on two shared cores. A few files that failed are therefore run once more, by themselves, and
 * what passes then is listed as such: a test that needs its second try is a bug of the test or of the code, seen but not
 * worth the whole run. More than a few is a failure that no second try shall cover.
 *
 * usage: node tools/ci/tests.ts SCRIPT FOLDER
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Outcome, readOutcome } from './report.ts';

const mostFilesAgain = 5;

const [script = '', folder = ''] = process.argv.slice(2);

function run(name: string, files: readonly string[]): Outcome {
  const report = join(folder, `${name.replace(/\W/g, '-')}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  spawnSync('npm', ['run', script, '--', ...reporters, ...files], { stdio: 'inherit' });
  return readOutcome(report);
}

const first = run(script, []);
const again = first.failedFiles;
let { passed, failed, skipped, failures } = first;
if (failed > 0 && again.length > 0 && again.length <= mostFilesAgain) {
  process.stdout.write(`\n== again, by themselves: ${again.join(' ')}\n`);
  const second = run(`${script} again`, again);
  if (second.failed === 0) {
    const lines = failures.map((line) => `passed at the second try: ${line}\n`);
    appendFileSync(join(folder, 'second-try'), lines.join(''));
  }
  passed += second.passed - first.passedBeside;
  ({ failed, failures } = second);
}
appendFileSync(join(folder, 'counts'), `${passed} ${failed} ${skipped}\n`);
appendFileSync(join(folder, 'failures'), failures.map((line) => `failed: ${line}\n`).join(''));

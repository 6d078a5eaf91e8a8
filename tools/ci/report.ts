import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** What one run of vitest gave. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Files with a test that failed, or that could not be loaded; empty where an error outside any file failed the run. */
  readonly failedFiles: readonly string[];
  /** Tests of those files that passed. */
  readonly passedBeside: number;
  /** A line for each failure: file, test and the first line of its message. */
  readonly failures: readonly string[];
}

interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** Reads vitest's JSON report; one that is missing, cut short or of no test is one failure. */
export function readOutcome(file: string): Outcome {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    const failures = ['the run ended before it could report'];
    return { passed: 0, failed: 1, skipped: 0, failedFiles: [], passedBeside: 0, failures };
  }
  const failedFiles: string[] = [];
  const failures: string[] = [];
  let passedBeside = 0;
  for (const { name, status, message, assertionResults } of report.testResults) {
    if (status !== 'failed') continue;
    const path = relative(process.cwd(), name);
    failedFiles.push(path);
    passedBeside += assertionResults.filter((it) => it.status === 'passed').length;
    const tests = assertionResults.filter((it) => it.status === 'failed');
    for (const test of tests)
      failures.push(`${path}: ${test.fullName}: ${firstLine(test.failureMessages?.[0] ?? '')}`);
    if (tests.length === 0) failures.push(`${path}: ${firstLine(message)}`);
  }
  const { numPassedTests: passed, numFailedTests: failed } = report;
  // A file that could not be loaded, or an error outside any test, fails the run without failing a test.
  const unseen = failed === 0 && (!report.success || passed === 0) ? 1 : 0;
  if (unseen && failures.length === 0) failures.push('an error outside any test, or no test at all');
  const skipped = report.numPendingTests + report.numTodoTests;
  return { passed, failed: failed + unseen, skipped, failedFiles, passedBeside, failures };
}

/** Without colours, and no longer than a line of a log. */
function firstLine(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence starts with a control character
  const plain = message.replace(/\u001b\[[\d;]*m/g, '');
  return (plain.split('\n').find((line) => line.trim() !== '') ?? 'no message').trim().slice(0, 300);
}

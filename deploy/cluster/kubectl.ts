import { type RunOptions, type RunResult, requirePart, runProgram } from '@inferometer/testkit';

/** `kubectl` for one namespace of one cluster. */
export interface Kubectl {
  readonly namespace: string;
  readonly kubeconfig: string;
  /** What it prints. @throws {Error} with all that it printed, if it ends with a code other than 0 */
  run(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Whatever code it ends with. */
  attempt(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** `-o json` of `args`. */
  json<T>(args: readonly string[]): Promise<T>;
  apply(manifest: string): Promise<void>;
  /** What somebody wants to see when a test has failed: objects, events, and what each container has printed last. */
  report(): Promise<string>;
}

interface PodList {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

/** @param namespace @default what each object says */
export function kubectlFor(kubeconfig: string, namespace = ''): Kubectl {
  const program = requirePart('kubectl').path;
  const where = namespace === '' ? [] : ['--namespace', namespace];
  const attempt: Kubectl['attempt'] = (args, options) =>
    runProgram(program, ['--kubeconfig', kubeconfig, ...where, ...args], {
      timeoutMs: 180_000,
      ...options,
    });
  const run: Kubectl['run'] = async (args, options) => {
    const { code, stdout, stderr } = await attempt(args, options);
    if (code === 0) return stdout;
    throw new Error(`kubectl ${args.join(' ')} ended with ${code}:\n${stderr}${stdout}`);
  };
  return {
    namespace,
    kubeconfig,
    run,
    attempt,
    json: async (args) => JSON.parse(await run([...args, '-o', 'json'])),
    apply: async (manifest) => {
      await run(['apply', '-f', '-'], { stdin: manifest });
    },
    report: async () => {
      const pods = await attempt(['get', 'pods', '-o', 'json']);
      const names =
        pods.code === 0 ? (JSON.parse(pods.stdout) as PodList).items.map((it) => it.metadata.name) : [];
      const questions = [
        ['get', 'pods,deployments,statefulsets,services,hpa', '-o', 'wide'],
        ['get', 'events', '--sort-by=.lastTimestamp'],
        ...names.map((name) => ['logs', name, '--all-containers', '--tail=40', '--prefix']),
      ];
      const answers = await Promise.all(questions.map((args) => attempt(args)));
      return questions
        .map((args, i) => `$ kubectl ${args.join(' ')}\n${answers[i]?.stdout}${answers[i]?.stderr}`)
        .join('\n');
    },
  };
}

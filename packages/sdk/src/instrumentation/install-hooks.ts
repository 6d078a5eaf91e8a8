import { createRequire, isBuiltin, register } from 'node:module';
import { isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

/** How `import` is intercepted: on the application's thread, or by a thread of its own on older Node. */
export type HookKind = 'synchronous' | 'asynchronous';

/** The part of import-in-the-middle that we call. */
interface ImportInTheMiddle {
  createAddHookMessageChannel(): { readonly addHookMessagePort: MessagePort };
}
interface RegisterHooks {
  supportsSyncHooks(): boolean;
  register(options: { shouldInclude(url: string, specifier: string): boolean }): void;
}

/** The copy that the instrumentations use, which a strict node_modules shows to them alone. */
function requireOfInstrumentation(): NodeJS.Require {
  const ours = createRequire(import.meta.url);
  return createRequire(ours.resolve('@opentelemetry/instrumentation'));
}

/** How `import` would be intercepted here. */
export function hookKind(): HookKind {
  const { supportsSyncHooks } = requireOfInstrumentation()(
    'import-in-the-middle/supports-sync-hooks.mjs',
  ) as RegisterHooks;
  return supportsSyncHooks() ? 'synchronous' : 'asynchronous';
}

/**
 * Lets instrumentations see what is loaded by `import`. Only modules that an instrumentation asks for are touched:
 * wrapping each module of an application costs its start and breaks some.
 * @param create creates the instrumentations, which ask for modules
 */
export function withHooks<T>(create: () => T): T {
  const load = requireOfInstrumentation();
  const { createAddHookMessageChannel } = load('import-in-the-middle') as ImportInTheMiddle;
  const { addHookMessagePort: port } = createAddHookMessageChannel();
  const wanted = createWanted(port);
  if (hookKind() === 'synchronous') {
    const hooks = load('import-in-the-middle/register-hooks.mjs') as RegisterHooks;
    hooks.register({ shouldInclude: wanted.includes });
    return create();
  }
  const created = create();
  register('import-in-the-middle/hook.mjs', pathToFileURL(load.resolve('import-in-the-middle')), {
    // Later requests go through the port; these ones are there before the first import of the application.
    data: { include: wanted.names(), addHookMessagePort: port },
    transferList: [port],
  });
  return created;
}

/** The modules that have been asked for, read from the channel that says so. */
function createWanted(port: MessagePort) {
  const names = new Set<string>();
  let hasPaths = false;
  const drain = (): void => {
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
      for (const name of next.message as readonly string[]) {
        names.add(name);
        hasPaths ||= isAbsolute(name);
        if (isBuiltin(name)) names.add(name.startsWith('node:') ? name : `node:${name}`);
      }
    }
  };
  return {
    names(): string[] {
      drain();
      return [...names];
    },
    includes(url: string, specifier: string): boolean {
      drain();
      if (names.has(specifier) || names.has(url)) return true;
      return hasPaths && url.startsWith('file:') && names.has(fileURLToPath(url));
    },
  };
}

import { InferometerError, messageOf } from '@inferometer/core';
import type { Model } from '@inferometer/engine';
import { defaultOf, findModel, findOfKind, namesOf } from './choose.ts';
import { createEpochs } from './epochs.ts';
import type { ModelRegistry, RegistryChanges } from './model-registry.ts';
import {
  isUnchanged,
  type OpenModel,
  openVersion,
  type ServedVersion,
  type StartingVersion,
  startVersion,
} from './serving-version.ts';
import type { ModelSources } from './spec.ts';
import { findVersions, type VersionSpec } from './versions.ts';

export type { ModelRegistry, RegistryChanges } from './model-registry.ts';

interface Wanted {
  /** Of which models; undefined for all. */
  readonly name?: string;
  readonly force?: boolean;
}

/**
 * Reads the directories at once, so that a mistake shows before anything is started, and starts the executors.
 * @throws {InferometerError} INVALID_MODEL
 */
export function createModelRegistry(given: ModelSources): ModelRegistry {
  let sources = given;
  const epochs = createEpochs();
  const starting = new Map<ServedVersion, StartingVersion>();
  const served: ServedVersion[] = [];
  const unloaded = new Set<string>();
  /** Models that have been replaced and whose requests have not ended yet. */
  const retiring = new Set<Promise<void>>();
  let openModel: OpenModel | undefined;
  let ready = false;
  let closed = false;
  /** Changes follow each other: two at once would load a version twice. */
  let turn: Promise<unknown> = Promise.resolve();

  try {
    for (const spec of findVersions(sources)) {
      const version = startVersion(spec);
      const entry = entryOf(spec, version.fingerprint);
      served.push(entry);
      starting.set(entry, version);
    }
  } catch (error) {
    void closeStarted(starting.values());
    throw error;
  }

  /** Closes a model when nobody can have it any more. */
  const retire = (model: Model | undefined, done: () => void = () => {}): void => {
    const ended: Promise<void> = epochs
      .settled()
      .then(() => model?.close())
      .finally(() => {
        retiring.delete(ended);
        done();
      });
    retiring.add(ended);
  };

  /** @throws what is wrong; a version before it serves on */
  const loadVersion = async (spec: VersionSpec): Promise<void> => {
    const before = served.find((it) => it.name === spec.name && it.version === spec.version);
    let entry = before;
    try {
      const version = startVersion(spec);
      const next = entryOf(spec, version.fingerprint);
      if (!before?.model) {
        replace(before, next);
        entry = next;
      }
      next.model = await openVersion(version, openModel as OpenModel);
      if (closed) return await next.model.close();
      next.state = 'READY';
      if (entry !== next) replace(before, next);
      retire(before?.model);
    } catch (error) {
      entry ??= replace(undefined, entryOf(spec, ''));
      entry.reason = messageOf(error);
      if (!entry.model) entry.state = 'UNAVAILABLE';
      throw error;
    }
  };

  const replace = (before: ServedVersion | undefined, next: ServedVersion): ServedVersion => {
    const at = before ? served.indexOf(before) : -1;
    if (at >= 0) served[at] = next;
    else served.push(next);
    return next;
  };

  const unloadVersion = (entry: ServedVersion, keep: boolean): void => {
    const { model } = entry;
    entry.model = undefined;
    entry.state = model ? 'UNLOADING' : 'UNAVAILABLE';
    entry.reason = 'unloaded';
    retire(model, () => {
      entry.state = 'UNAVAILABLE';
      const at = served.indexOf(entry);
      if (!keep && at >= 0) served.splice(at, 1);
    });
  };

  const apply = async (specs: readonly VersionSpec[], wanted: Wanted): Promise<RegistryChanges> => {
    const concerns = (it: { readonly name: string }): boolean =>
      wanted.name === undefined ? !unloaded.has(it.name) : it.name === wanted.name;
    const loaded: string[] = [];
    const gone: string[] = [];
    const errors: string[] = [];
    const failed = new Set<string>();
    for (const spec of specs.filter(concerns)) {
      const before = served.find((it) => it.name === spec.name && it.version === spec.version);
      if (closed || (before && !wanted.force && isUnchanged(before, spec))) continue;
      try {
        await loadVersion(spec);
        loaded.push(spec.label);
      } catch (error) {
        errors.push(messageOf(error));
        failed.add(spec.name);
      }
    }
    for (const entry of served.filter(concerns)) {
      const stays = specs.some((it) => it.name === entry.name && it.version === entry.version);
      // Where a new version has failed, the one before it must not go as well.
      if (stays || failed.has(entry.name)) continue;
      if (entry.model) gone.push(entry.spec.label);
      unloadVersion(entry, false);
    }
    return { loaded, unloaded: gone, errors };
  };

  const inTurn = <T>(change: () => Promise<T>): Promise<T> => {
    const result = turn.then(() => {
      if (!ready || closed)
        throw new InferometerError('UNAVAILABLE', 'the models are being loaded, try again in a second');
      return change();
    });
    turn = result.catch(() => {});
    return result;
  };

  const loadNamed = (name: string, force: boolean): Promise<RegistryChanges> =>
    inTurn(async () => {
      const specs = findVersions(sources);
      if (!specs.some((spec) => spec.name === name)) throw unknown(name);
      const changes = await apply(specs, { name, force });
      const [error] = changes.errors;
      if (error !== undefined) throw new InferometerError('INVALID_MODEL', error);
      unloaded.delete(name);
      return changes;
    });

  const unknown = (name: string): InferometerError => {
    const message = `model "${name}" does not exist, expected one of ${namesOf(served).join(', ')}`;
    return new InferometerError('UNKNOWN_MODEL', message, { field: 'model' });
  };

  return {
    get names() {
      return namesOf(served);
    },
    get models() {
      return namesOf(served)
        .map((name) => defaultOf(served, name)?.model)
        .filter((model) => model !== undefined);
    },
    get versions() {
      return served.map((entry) => {
        const { name, version, state, reason } = entry;
        return { name, version, state, reason, isDefault: defaultOf(served, name) === entry };
      });
    },
    get ready() {
      return ready;
    },
    async open(open) {
      openModel = open;
      const results = await Promise.allSettled(
        [...starting].map(async ([entry, version]) => {
          entry.model = await openVersion(version, open);
        }),
      );
      starting.clear();
      const failed = results.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
      for (const entry of served) entry.state = 'READY';
      ready = true;
    },
    find: (name) => findModel(ready ? served : served.map(loading), name),
    embedding: (name) => findOfKind(ready ? served : served.map(loading), 'embedding', name),
    generative: (name) => findOfKind(ready ? served : served.map(loading), 'generative', name),
    enter: epochs.enter,
    load: (name) => loadNamed(name, false),
    reload: (name) => loadNamed(name, true),
    unload: (name) =>
      inTurn(async () => {
        const entries = served.filter((entry) => entry.name === name);
        if (entries.length === 0) throw unknown(name);
        const gone = entries.filter(({ model }) => model).map(({ spec }) => spec.label);
        unloaded.add(name);
        for (const entry of entries) unloadVersion(entry, true);
        return { loaded: [], unloaded: gone, errors: [] };
      }),
    follow: (next) =>
      inTurn(async () => {
        const specs = findVersions(next);
        sources = next;
        return apply(specs, {});
      }),
    async close() {
      ready = false;
      closed = true;
      await turn;
      await closeStarted(starting.values());
      await Promise.all([...served.map((entry) => entry.model?.close()), ...retiring]);
    },
  };
}

/** As requests see it until all models are there. */
function loading(entry: ServedVersion): ServedVersion {
  return { ...entry, model: undefined };
}

function entryOf(spec: VersionSpec, fingerprint: string): ServedVersion {
  const { name, version } = spec;
  return { spec, name, version, fingerprint, state: 'LOADING', reason: '', model: undefined };
}

/** Ends executors that nobody has opened. */
async function closeStarted(starting: Iterable<StartingVersion>): Promise<void> {
  await Promise.all(
    [...starting].map(async ({ started }) => {
      const up = await started.catch(() => undefined);
      await up?.pool.close();
    }),
  );
}

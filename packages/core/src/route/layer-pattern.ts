/** The part of a layer of an Express router that we read; what a layer keeps differs by version. */
export interface LayerLike {
  readonly route?: object | undefined;
  readonly handle?: { readonly stack?: readonly LayerLike[] } | undefined;
  /** Express 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean; readonly fast_star?: boolean };
  /** Express 4. */
  readonly keys?: readonly { readonly name: string | number }[];
  /** Express 5 with router 2.3 or later. */
  readonly rawPath?: unknown;
  /** Whether it is mounted at `/`. Express 5. */
  readonly slash?: boolean;
  /** What matched last, where `match` says no more than that it did. */
  readonly path?: string | undefined;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  match?(path: string): unknown;
}

/** What a layer took off the start of a path. */
export interface LayerMatch {
  readonly path: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Matches as the router does. A layer that throws, on a path that cannot be decoded, does not match. */
export function matchLayer(layer: LayerLike, path: string): LayerMatch | undefined {
  let matched: unknown;
  try {
    matched = layer.match?.(path);
  } catch {
    return undefined;
  }
  if (!matched) return undefined;
  const { path: taken, params } = (typeof matched === 'object' ? matched : layer) as Partial<LayerMatch>;
  return taken === undefined ? undefined : { path: taken, params: params ?? {} };
}

/** Pattern at which a layer is mounted, without a slash at its end; undefined where the layer does not keep it. */
export function layerPattern(layer: LayerLike): string | undefined {
  if (layer.slash || layer.regexp?.fast_slash) return '';
  if (layer.regexp?.fast_star) return '*';
  if (layer.rawPath !== undefined) return pathText(layer.rawPath);
  return layer.regexp && patternOfRegexp(layer.regexp, layer.keys ?? []);
}

/** A path as it was given to Express: a pattern, without a slash at its end, or an expression or a list as it prints. */
export function pathText(path: unknown): string {
  return typeof path === 'string' && path.endsWith('/') ? path.slice(0, -1) : String(path);
}

/** How the expression ends that Express 4 makes of a pattern at which something is mounted. */
const mountEnd = '\\/?(?=\\/|$)';

/** The pattern that Express 4 made an expression of; an expression of the app's own is shown as such. */
function patternOfRegexp(regexp: RegExp, keys: readonly { readonly name: string | number }[]): string {
  const { source } = regexp;
  if (!source.startsWith('^') || !source.endsWith(mountEnd)) return String(regexp);
  let key = 0;
  return source
    .split(`${mountEnd}|`)
    .map((one) => {
      const end = one.endsWith(mountEnd) ? one.length - mountEnd.length : one.length;
      const [pattern, used] = named(one.slice(1, end), keys.slice(key));
      key += used;
      return pattern;
    })
    .join(',');
}

/** Puts names for groups. @returns the pattern, and how many names it took */
function named(
  source: string,
  keys: readonly { readonly name: string | number }[],
): [pattern: string, used: number] {
  let pattern = '';
  let used = 0;
  for (let i = 0; i < source.length; i++) {
    const char = source[i] as string;
    if (char === '\\') pattern += source[++i] ?? '';
    else if (source.startsWith('(?:', i)) i += 2;
    else if (char === '(') {
      const end = groupEnd(source, i);
      const name = keys[used++]?.name;
      pattern += typeof name === 'string' ? `:${name}` : '*';
      i = end;
    } else if (char === ')') {
      // Ends a group that is not captured, which is there for a parameter: with its mark if that can be left out.
      if (source[i + 1] === '?') pattern += source[++i];
    } else pattern += char;
  }
  return [pattern, used];
}

/** Index of the parenthesis that closes the group which opens at `start`. */
function groupEnd(source: string, start: number): number {
  let depth = 0;
  let inClass = false;
  for (let i = start; i < source.length; i++) {
    const char = source[i];
    if (char === '\\') i++;
    else if (inClass) inClass = char !== ']';
    else if (char === '[') inClass = true;
    else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return i;
  }
  return source.length;
}

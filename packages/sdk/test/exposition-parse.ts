/** A reader of the text formats for tests: strict where scrapers are, and independent of what writes them. */

export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly exemplar?: {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
    readonly timeS: number;
  };
}

export interface ParsedText {
  readonly samples: readonly ParsedSample[];
  readonly types: ReadonlyMap<string, string>;
  readonly helps: ReadonlyMap<string, string>;
  readonly units: ReadonlyMap<string, string>;
  readonly hasEof: boolean;
}

/** @throws {Error} at a line that is neither a sample nor a comment, and at a label or series that comes twice */
export function parseExposition(text: string): ParsedText {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const samples: ParsedSample[] = [];
  const meta = { HELP: new Map<string, string>(), TYPE: new Map(), UNIT: new Map() };
  const seen = new Set<string>();
  let hasEof = false;
  for (const line of text.slice(0, -1).split('\n')) {
    if (hasEof) throw new Error(`after the end: ${line}`);
    const comment = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) ([^\n]*)$/.exec(line);
    if (comment) {
      const [, kind = '', name = '', rest = ''] = comment;
      const known = meta[kind as keyof typeof meta];
      if (known.has(name)) throw new Error(`second ${kind} of ${name}`);
      known.set(name, kind === 'HELP' ? unescapeText(rest) : rest);
    } else if (line === '# EOF') hasEof = true;
    else {
      const sample = parseSample(line);
      const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      if (seen.has(key)) throw new Error(`twice: ${line}`);
      seen.add(key);
      samples.push(sample);
    }
  }
  return { samples, types: meta.TYPE, helps: meta.HELP, units: meta.UNIT, hasEof };
}

function parseSample(line: string): ParsedSample {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0];
  if (name === undefined) throw new Error(`no sample: ${line}`);
  let rest = line.slice(name.length);
  let labels: Record<string, string> = {};
  if (rest.startsWith('{')) [labels, rest] = parseLabels(rest);
  const parts = /^ (\S+)(?: # (\{[^\n]*))?$/.exec(rest);
  if (parts?.[1] === undefined) throw new Error(`no value: ${line}`);
  const value = parseValue(parts[1]);
  if (parts[2] === undefined) return { name, labels, value };
  const [exemplarLabels, tail] = parseLabels(parts[2]);
  const [, exemplarValue = '', timeS = ''] = /^ (\S+) (\S+)$/.exec(tail) ?? [];
  const exemplar = { labels: exemplarLabels, value: parseValue(exemplarValue), timeS: parseValue(timeS) };
  return { name, labels, value, exemplar };
}

/** The labels of `{a="1",b="2"}` and what follows. */
function parseLabels(text: string): [labels: Record<string, string>, rest: string] {
  const labels: Record<string, string> = {};
  let rest = text.slice(1);
  while (!rest.startsWith('}')) {
    const [pair, name, value] = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:\\[\\"n]|[^\\"])*)",?/.exec(rest) ?? [];
    if (pair === undefined || name === undefined || value === undefined) throw new Error(`no label: ${rest}`);
    if (Object.hasOwn(labels, name)) throw new Error(`label ${name} twice: ${text}`);
    labels[name] = unescapeText(value);
    rest = rest.slice(pair.length);
  }
  return [labels, rest.slice(1)];
}

function unescapeText(text: string): string {
  return text.replace(/\\([\\"n])/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

function parseValue(text: string): number {
  const value = Number(text.replace(/^([+-])Inf$/, '$1Infinity'));
  if (Number.isNaN(value) && text !== 'NaN') throw new Error(`no number: ${text}`);
  return value;
}

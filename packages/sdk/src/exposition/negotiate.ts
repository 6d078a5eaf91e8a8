export type Format = 'text' | 'openmetrics' | 'protobuf';

export interface Negotiated {
  readonly format: Format;
  /** Value of the answer's `Content-Type`. */
  readonly contentType: string;
}

interface Candidate {
  readonly format: Format;
  readonly type: string;
  /** Parameters that a media range must have, if `demands` names them, or may have with these values. */
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly demands: readonly string[];
  readonly contentType: string;
  /** Whether the content type may say which escaping of names was asked for. */
  readonly hasEscaping: boolean;
}

/** What we can write; of two that suit equally the first one is taken. */
const candidates: readonly Candidate[] = [
  {
    format: 'text',
    type: 'text/plain',
    // 1.0.0 adds quoted names alone, which we do not have: every 0.0.4 text of ours is one of 1.0.0.
    parameters: { version: ['0.0.4', '1.0.0'] },
    demands: [],
    contentType: 'text/plain;version=0.0.4;charset=utf-8',
    hasEscaping: false,
  },
  {
    format: 'openmetrics',
    type: 'application/openmetrics-text',
    parameters: { version: ['1.0.0'] },
    demands: [],
    contentType: 'application/openmetrics-text;version=1.0.0;charset=utf-8',
    hasEscaping: true,
  },
  {
    format: 'openmetrics',
    type: 'application/openmetrics-text',
    parameters: { version: ['0.0.1'] },
    demands: ['version'],
    contentType: 'application/openmetrics-text;version=0.0.1;charset=utf-8',
    hasEscaping: false,
  },
  {
    format: 'protobuf',
    type: 'application/vnd.google.protobuf',
    parameters: { proto: ['io.prometheus.client.MetricFamily'], encoding: ['delimited'] },
    demands: ['proto', 'encoding'],
    contentType: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
    hasEscaping: false,
  },
];

/** Escapings under which names of letters, digits and underscores stay as they are; `dots` is none of them. */
const harmlessEscapings: ReadonlySet<string> = new Set(['allow-utf-8', 'underscores', 'values']);

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly q: number;
}

interface Match {
  readonly candidate: Candidate;
  readonly q: number;
  /** 0 for a wildcard of everything, 1 for one of a type, 2 for a media type, more for each parameter that fits. */
  readonly specificity: number;
  readonly position: number;
  readonly escaping: string | undefined;
}

/**
 * The format that an `Accept` header likes best, by RFC 9110: for each format the most specific range decides, the
 * highest weight wins, of equal ones the more specific, then the one listed first. Text 0.0.4 without a header and
 * where nothing suits: a scraper can do more with it than with a 406.
 */
export function negotiate(accept: string | undefined): Negotiated {
  const ranges = parseAccept(accept ?? '');
  let best: Match | undefined;
  for (const candidate of candidates) {
    const match = bestRange(candidate, ranges);
    if (match && match.q > 0 && (best === undefined || isBetter(match, best))) best = match;
  }
  const { contentType, format, hasEscaping } = best?.candidate ?? (candidates[0] as Candidate);
  const escaping = hasEscaping && best?.escaping !== undefined ? `;escaping=${best.escaping}` : '';
  return { format, contentType: contentType + escaping };
}

/** Whether an `Accept-Encoding` header takes gzip, and likes it no less than what is not encoded. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const weights = new Map(parseAccept(acceptEncoding ?? '').map(({ type, q }) => [type, q]));
  const gzip = weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0;
  return gzip > 0 && gzip >= (weights.get('identity') ?? 0);
}

function isBetter(a: Match, b: Match): boolean {
  if (a.q !== b.q) return a.q > b.q;
  // Parameters tell formats of one type apart; they make no type better than another.
  const [wildA, wildB] = [Math.min(a.specificity, 2), Math.min(b.specificity, 2)];
  if (wildA !== wildB) return wildA > wildB;
  return a.position < b.position;
}

function bestRange(candidate: Candidate, ranges: readonly MediaRange[]): Match | undefined {
  let best: Match | undefined;
  ranges.forEach(({ type, parameters, q }, position) => {
    const specificity = specificityOf(candidate, type, parameters);
    if (specificity === undefined || (best && best.specificity >= specificity)) return;
    const asked = parameters.get('escaping');
    const escaping = asked !== undefined && harmlessEscapings.has(asked) ? asked : undefined;
    best = { candidate, q, specificity, position, escaping };
  });
  return best;
}

/** Undefined where the range does not take the candidate. */
function specificityOf(
  candidate: Candidate,
  type: string,
  parameters: ReadonlyMap<string, string>,
): number | undefined {
  const wildcard = type === '*/*' ? 0 : type === `${candidate.type.split('/')[0]}/*` ? 1 : undefined;
  // A wildcard never means a format that has to be asked for by its parameters.
  if (wildcard !== undefined) return candidate.demands.length > 0 ? undefined : wildcard;
  if (type !== candidate.type) return undefined;
  let specificity = 2;
  for (const [name, values] of Object.entries(candidate.parameters)) {
    const value = parameters.get(name);
    if (value === undefined ? candidate.demands.includes(name) : !values.includes(value)) return undefined;
    if (value !== undefined) specificity++;
  }
  return specificity;
}

function parseAccept(header: string): MediaRange[] {
  return header
    .split(',')
    .map((part): MediaRange => {
      const [type = '', ...rest] = part.split(';').map((piece) => piece.trim());
      const parameters = new Map(
        rest.map((piece): [string, string] => {
          const at = piece.indexOf('=');
          const name = at < 0 ? piece : piece.slice(0, at);
          const value = at < 0 ? '' : piece.slice(at + 1).replace(/^"(.*)"$/, '$1');
          return [name.trim().toLowerCase(), value.trim()];
        }),
      );
      const weight = Number(parameters.get('q') ?? 1);
      return { type: type.toLowerCase(), parameters, q: weight >= 0 && weight <= 1 ? weight : 0 };
    })
    .filter(({ type }) => type !== '');
}

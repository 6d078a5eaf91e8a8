/** UCUM units and the words that end Prometheus names. Source: Prometheus' OTLP translation, `otlptranslator` 1.0. */
const words: Readonly<Record<string, string>> = {
  d: 'days',
  h: 'hours',
  min: 'minutes',
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
  By: 'bytes',
  KiBy: 'kibibytes',
  MiBy: 'mebibytes',
  GiBy: 'gibibytes',
  TiBy: 'tibibytes',
  KBy: 'kilobytes',
  MBy: 'megabytes',
  GBy: 'gigabytes',
  TBy: 'terabytes',
  m: 'meters',
  V: 'volts',
  A: 'amperes',
  J: 'joules',
  W: 'watts',
  g: 'grams',
  Cel: 'celsius',
  Hz: 'hertz',
  '1': 'ratio',
  '%': 'percent',
};

const unitOfWord: ReadonlyMap<string, string> = new Map(
  Object.entries(words).map(([unit, word]) => [word, unit]),
);

/** `seconds` for `s`; undefined if Prometheus has no word for the unit. */
export function wordOfUnit(ucum: string): string | undefined {
  return Object.hasOwn(words, ucum) ? words[ucum] : undefined;
}

/** The unit that a name without `_total` ends in: `s` for `queue_wait_seconds`. */
export function unitOfName(name: string): string | undefined {
  return unitOfWord.get(name.slice(name.lastIndexOf('_') + 1));
}

/**
 * The word that a `UNIT` line may give: formats demand that the name, without `_total`, ends in it.
 * @param base family name without `_total`
 * @param ucum unit of the family
 */
export function printedUnit(base: string, ucum: string | undefined): string | undefined {
  const word = ucum === undefined ? undefined : (wordOfUnit(ucum) ?? ucum);
  return word && base.endsWith(`_${word}`) ? word : undefined;
}

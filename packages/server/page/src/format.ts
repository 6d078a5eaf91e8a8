/** Milliseconds to the microsecond, which is what the server measures: `4.103`. */
export function ms(value: number): string {
  return value.toFixed(3);
}

/** A share in [0, 1] as `12.5 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hour12: false });

/** @param epochS seconds since the epoch */
export function timeOfDay(epochS: number): string {
  return clock.format(new Date(epochS * 1000));
}

/** `1 token`, `2 tokens`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

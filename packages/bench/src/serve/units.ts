/** How figures are printed. */

export const rate = (value: number): string => value.toFixed(0);
export const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
export const percent = (ratio: number): string => `${(ratio * 100).toFixed(0)} %`;
export const times = (ratio: number): string => `${ratio.toFixed(2)} ×`;

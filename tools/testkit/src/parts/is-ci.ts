/** `CI` as the services set it: anything but empty, 0 and false. */
export function isCi(value: string | undefined = process.env.CI): boolean {
  return value !== undefined && !['', '0', 'false'].includes(value.toLowerCase());
}

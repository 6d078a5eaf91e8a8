/** Whether this is continuous integration: `CI` is set, and to anything but empty, 0 and false. */
export function isCi(): boolean {
  return !['', '0', 'false'].includes((process.env.CI ?? '').toLowerCase());
}

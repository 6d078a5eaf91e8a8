/** Lines of a table: the first column to the left, the others to the right. */
export function tableLines(head: readonly string[], body: readonly (readonly string[])[]): string[] {
  const all = [head, ...body];
  const widths = head.map((_, column) => Math.max(...all.map((line) => (line[column] ?? '').length)));
  return all.map((line) =>
    head
      .map((_, column) => {
        const cell = line[column] ?? '';
        return column === 0
          ? cell.padEnd(widths[0] as number)
          : cell.padStart((widths[column] as number) + 3);
      })
      .join('')
      .trimEnd(),
  );
}

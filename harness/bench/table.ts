// Rows of texts as a table for a terminal, or as Markdown.

/** Columns padded to one width: names to the left, numbers to the right. */
export function alignRows(rows: readonly (readonly string[])[]): string[] {
  const widths = columnWidths(rows);
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
}

/** The same as a Markdown table. */
export function markdownRows(rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const [head, ...body] = rows;
  return [
    line(head!),
    line(head!.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...body.map((row) => line(row)),
  ];
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  return rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
}

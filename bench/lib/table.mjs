/** Lines of a table: the first column to the left, the others to the right. */
export function table(head, rows) {
  const lines = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...lines.map(line => line[column].length)))
  return lines
    .map(line => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
    .join('\n')
}

/** Three significant digits, or `-` where there is no figure. */
export const figure = value => (value === undefined ? '-' : value === 0 ? '0' : significant(value))

const significant = value =>
  value >= 0.001 && value < 1e6 ? value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(value)))) : value.toExponential(1)

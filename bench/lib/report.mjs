import { figure, table } from './table.mjs'

const shapeText = shape => shape.join('×')

/** A line per runtime: times per run of the whole batch, and how many times as long as each build of convlet. */
export function report({ model, batch, inputs, rows }) {
  const builds = rows.filter(({ name, median }) => name.startsWith('convlet') && median)
  const head = ['', 'median ms', 'min ms', ...builds.map(({ name }) => `÷ ${name}`), 'max difference', 'relative']
  const cells = rows
    .filter(row => row.median)
    .map(row => [
      row.name,
      ...[row.median, row.minimum, ...builds.map(build => row.median / build.median)].map(figure),
      ...[row.difference?.absolute, row.difference?.relative].map(figure),
    ])
  const failures = rows.flatMap(({ name, failed }) => (failed ? [`${name}: not measured: ${failed}`] : []))
  const shapes = Object.entries(inputs).map(([name, shape]) => `${name} ${shapeText(shape)}`)
  return [`${model}, batch ${batch} (${shapes.join(', ')})`, '', table(head, cells), ...failures].join('\n')
}

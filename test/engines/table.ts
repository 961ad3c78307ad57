// npm run engines: the kernels' tests and the golden networks in every engine, and the table of docs/engines.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { bundle } from './bundle.js'
import { engines, versionOf } from './engines.js'
import type { Report } from './main.js'

const DOCS = 'docs/engines.md'
const GOLDEN = 'test/engines/golden.json'

await bundle()
const rows: string[] = []
const reports: Report[] = []
for (const { name, compiler, install, path, run } of engines) {
  if (!path) {
    console.log(`${name}: not here (${install})`)
    continue
  }
  const start = performance.now()
  const report = await run(path).catch((error: Error) => {
    process.exitCode = 1
    console.log(`${name}: ${error.message}`)
  })
  if (!report) continue
  reports.push(report)
  const { builds, passed, failures, kernels, networks } = report
  const [first] = reports as [Report]
  const hashes = (of: Report) => Object.values(of.networks).map(({ hash }) => hash)
  const equal = hashes(report).filter((hash, i) => hash === hashes(first)[i]).length
  const far = Math.max(...Object.values(networks).map(({ relaxed = 0 }) => relaxed))
  const has = (build: string) => (builds.includes(build) ? 'yes' : 'no')
  const [version, tests] = [versionOf(path), `${passed} of ${passed + failures.length}`]
  const outputs = kernels === first.kernels ? 'equal' : 'differ'
  const same = `${equal} of ${hashes(report).length}`
  const cells = [
    ...[name, version, compiler, has('simd'), has('relaxed'), tests, outputs, `${same} equal`],
    builds.includes('relaxed') ? (far ? far.toExponential(1) : '0') : '',
  ]
  rows.push(`| ${cells.join(' | ')} |`)
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  console.log(`${name} ${version}: ${tests} tests, kernels ${outputs}, ${same} networks, ${seconds} s`)
  for (const failure of failures.slice(0, 5)) console.log(`  ${failure}`)
  if (failures.length || kernels !== first.kernels || equal < hashes(report).length) process.exitCode = 1
}

const [first] = reports
if (process.argv.includes('--golden') && first) {
  const { passed, kernels, networks } = first
  const hashes = Object.fromEntries(Object.entries(networks).map(([name, { hash }]) => [name, hash]))
  writeFileSync(GOLDEN, `${JSON.stringify({ passed, kernels, networks: hashes }, null, 2)}\n`)
}
if (rows.length === engines.length && !process.exitCode) {
  const text = readFileSync(DOCS, 'utf8')
  const [before, after] = ['<!-- table -->\n', '<!-- end -->'].map(mark => text.indexOf(mark)) as [number, number]
  const head =
    '| engine | version | compiles by | plain | relaxed | tests passed | kernels’ outputs | networks’ outputs | relaxed from plain, at most |\n' +
    `|${'---|'.repeat(9)}\n`
  const date = new Date().toISOString().slice(0, 10)
  writeFileSync(
    DOCS,
    `${text.slice(0, before)}<!-- table -->\n${head}${rows.join('\n')}\n\nOf ${date}.\n${text.slice(after)}`,
  )
  console.log(`written to ${DOCS}`)
} else console.log(`${DOCS} is left as it is: it is written with all engines, and no failures`)

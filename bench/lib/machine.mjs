import { readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'

const versionOf = path => JSON.parse(readFileSync(new URL(`../${path}/package.json`, import.meta.url), 'utf8')).version

/** What the figures belong to. `packages` are folders below bench/. */
export const machine = packages => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  load: Number(loadavg()[0]?.toFixed(2)),
  node: process.versions.node,
  v8: process.versions.v8,
  packages: Object.fromEntries(Object.entries(packages).map(([name, path]) => [name, versionOf(path)])),
  date: new Date().toISOString().slice(0, 10),
})

export const machineLine = ({ cpu, cores, load, node, v8, packages, date }) =>
  [
    `${cpu} (${cores} cores, load ${load})`,
    `node ${node}`,
    `V8 ${v8}`,
    ...Object.entries(packages).map(pair => pair.join(' ')),
    date,
  ].join(' · ')

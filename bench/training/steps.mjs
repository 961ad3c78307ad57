import { median, sample } from '../lib/sample.mjs'
import { figure, table } from '../lib/table.mjs'

const megabytes = bytes => (bytes ? (bytes / 2 ** 20).toFixed(0) : '-')

const contestants = (builds, peers) => [
  ...builds.map(build => ({ name: `convlet ${build}`, file: './convlet.mjs', build })),
  ...peers.map(peer => ({ name: peer, file: `./${peer}.mjs` })),
]

/** Makes them one after the other; the memory of a process is told after the first step of the first one in it. */
async function gather(task, builds, peers) {
  const rows = []
  for (const { name, file, build } of contestants(builds, peers)) {
    try {
      const { create } = await import(file)
      const contestant = await create({ ...task, build })
      await contestant.block(1)
      const isFirst = !rows.some(row => row.contestant && row.name.startsWith('convlet'))
      const rss = isFirst || !build ? contestant.rss?.() : undefined
      rows.push({ name: contestant.version ? `${name} ${contestant.version}` : name, contestant, rss })
    } catch (error) {
      rows.push({ name, failed: error.message.split('\n')[0] })
    }
  }
  return rows
}

/**
 * Milliseconds of processor time of one training step, everybody taking turns: forward, backward and SGD with momentum, of one
 * batch in memory. Everybody runs on one thread, so that on an idle machine they are those of the clock.
 */
export async function steps({ peers: able = ['pytorch'], ...task }, { builds, peers, rounds }) {
  const rows = await gather(
    task,
    builds,
    peers.filter(peer => able.includes(peer)),
  )
  const working = rows.filter(({ contestant }) => contestant)
  const samples = await sample(
    working.map(({ contestant }) => contestant),
    { rounds, blockMs: 30 },
  )
  const measured = working.map((row, i) => ({ ...row, median: median(samples[i].times), minimum: samples[i].times[0] }))
  for (const { contestant } of working) contestant.dispose()
  const own = measured.filter(({ name }) => name.startsWith('convlet'))
  const head = [
    '',
    'median ms',
    'min ms',
    ...own.flatMap(({ name }) => [`÷ ${name}`, 'of the minima']),
    'memory MB',
    'process MB',
  ]
  const cells = measured.map(row => [
    row.name,
    ...[row.median, row.minimum].map(figure),
    ...own.flatMap(build => [row.median / build.median, row.minimum / build.minimum]).map(figure),
    ...[row.contestant.memory, row.rss].map(megabytes),
  ])
  const failures = rows.flatMap(({ name, failed }) => (failed ? [`${name}: not measured: ${failed}`] : []))
  return [table(head, cells), ...failures].join('\n')
}

// Measures training in convlet and in its peers. See README.md.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { count, fail, list, oneOf, parse } from './lib/args.mjs'
import { ensureRelaxed, hasRelaxed } from './lib/engine.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { ensurePackages } from './lib/packages.mjs'

const usage = `usage: npm run bench:train -- [CASE...] [options]

Cases, all without a name, each in a process of its own:
  lenet5      a training step, 32 images of 32×32
  resnet20    a training step, 32 images of 32×32
  resnet18    a training step of the last stage and the classifier, 8 images of 224×224, and memory
  mnist       epochs of LeNet-5 on the 60,000 images of MNIST, 64 at a time, from ../shared/datasets
  features    epochs of a new classifier on a frozen network, with its features kept and without

  --rounds N             samples per runtime of a step (15)
  --epochs N             of mnist and features (3)
  --build simd|relaxed   only this build of convlet (both, where the engine has relaxed SIMD)
  --peers pytorch,tfjs   only these peers, '' for none
  --help                 this text`

const PEERS = ['pytorch', 'tfjs']
const train = ['layer4.*', 'fc.*']

/** What is measured: a step of these, or what a function of training/epochs.mjs tells. */
const cases = {
  lenet5: ['LeNet-5, 32 images of 32×32: one step', { network: 'lenet5', batch: 32, size: 32, peers: PEERS }],
  resnet20: ['ResNet-20, 32 images of 32×32: one step', { network: 'resnet20', batch: 32, size: 32 }],
  resnet18: [
    `ResNet-18, 8 images of 224×224, ${train.join(' ')}: one step`,
    { network: 'resnet18', batch: 8, size: 224, train },
  ],
  mnist: ['LeNet-5 on MNIST: epochs of 60,000 images, 64 at a time', 'mnistEpochs'],
  features: ['A new classifier on a frozen network: epochs of 64 images', 'featureEpochs'],
}

const options = parse(
  usage,
  {
    rounds: { type: 'string', default: '15' },
    epochs: { type: 'string', default: '3' },
    build: { type: 'string' },
    peers: { type: 'string', default: PEERS.join() },
  },
  ({ rounds, epochs, build, peers }, names) => ({
    names: names.map(name => (Object.hasOwn(cases, name) ? name : fail(`there is no case ${name}`))),
    rounds: count('rounds', rounds),
    epochs: count('epochs', epochs),
    builds: build === undefined ? ['simd', 'relaxed'] : [oneOf('build', build, ['simd', 'relaxed'])],
    peers: list(peers).map(peer => oneOf('peers', peer, PEERS)),
  }),
)

async function run(name) {
  const [title, task] = cases[name]
  console.log(`\n${title}\n`)
  const builds = options.builds.filter(build => build === 'simd' || hasRelaxed())
  const measured =
    typeof task === 'string'
      ? await (await import('./training/epochs.mjs'))[task]({ ...options, builds })
      : await (await import('./training/steps.mjs')).steps(task, { ...options, builds })
  console.log(measured)
}

/** This very command for one case only, so that the memory of one is not that of another. */
const alone = name =>
  spawnSync(
    process.execPath,
    [...process.execArgv, ...process.argv.slice(1).filter(given => !(given in cases)), name],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  ).status === 0

if (!existsSync(new URL('../dist/train.js', import.meta.url)))
  throw new Error('dist/ is not built: npm ci && npm run build')
if (options.peers.includes('tfjs')) ensurePackages()
if (options.builds.includes('relaxed')) ensureRelaxed()
if (options.names.length === 1) {
  console.log(machineLine(machine({ convlet: '..' })))
  await run(options.names[0])
} else {
  const names = options.names.length ? options.names : Object.keys(cases)
  process.exitCode = names.map(alone).every(Boolean) ? 0 : 1
}

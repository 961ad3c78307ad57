import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../pytorch/step.py', import.meta.url))

/** The first Python that has PyTorch: a distribution's own, or the one on the path. */
const findPython = () =>
  ['/usr/bin/python3', 'python3'].find(
    python => spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0,
  )

/** Training steps of PyTorch on one thread, in a process of its own that takes its own time. */
export async function create({ network, batch, size, train = [] }) {
  const python = findPython()
  if (!python) throw new Error('there is no Python with PyTorch here')
  const child = spawn(python, [script, network, `${batch}`, `${size}`, ...train], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { done, value } = await lines.next()
    if (done) throw new Error('PyTorch has ended before its time')
    return JSON.parse(value)
  }
  const { version } = await answer()
  let most = 0
  return {
    version,
    async block(runs) {
      child.stdin.write(`${runs}\n`)
      const { milliseconds, rss } = await answer()
      most = rss * 1024
      return milliseconds
    },
    rss: () => most,
    dispose: () => child.stdin.end(),
  }
}

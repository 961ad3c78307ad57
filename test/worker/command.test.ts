// npm run worker, and the line that it prints.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { stripVTControlCharacters } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isInstalled } from './miniflare.js'

const test = suite('worker: command')
if (!isInstalled)
  console.log('skipped: npm run worker, its packages are not installed (npm ci --prefix examples/worker)')
const inWorker = isInstalled ? test : test.skip

const command = (...args: string[]) => {
  const child = spawn(process.execPath, ['scripts/worker.mjs', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += stripVTControlCharacters(text)
    })
  const ended = new Promise<number | null>(done => child.once('close', done))
  return { child, ended, said: () => said }
}

const until = async (test: () => boolean, child: ChildProcess) => {
  for (let i = 0; i < 600 && !test() && child.exitCode === null; i++) await new Promise(done => setTimeout(done, 100))
}

inWorker('it prints a line that reads a digit, and ends with Ctrl-C', async () => {
  const { child, ended, said } = command('--port', '0', '--host', '127.0.0.1')
  try {
    await until(() => /Ctrl-C/.test(said()), child)
    const [, file, address] = /^ {2}curl --data-binary @(\S+) (http:\S+)$/m.exec(said()) ?? []
    assert.ok(file && address, said())
    const { predictions } = (await (await fetch(address, { method: 'POST', body: readFileSync(file) })).json()) as {
      predictions: readonly { readonly label: string }[]
    }
    assert.is(predictions[0]!.label, '3')
    child.kill('SIGINT')
    assert.is(await ended, 0)
    await fetch(address).then(
      () => assert.unreachable('it still answers'),
      () => undefined,
    )
  } finally {
    child.kill()
  }
})

inWorker('a port that is taken, and options that are none', async () => {
  const server = createServer()
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  const taken = command('--host', '127.0.0.1', '--port', `${port}`)
  assert.is(await taken.ended, 1)
  assert.is(taken.said(), `port ${port} is taken: npm run worker -- --port ${port + 1}\n`)
  server.close()
  const wrong = command('--prot', '1')
  assert.is(await wrong.ended, 1)
  assert.match(wrong.said(), /'--prot'.*\nusage: npm run worker \[-- --port 8787\]/)
})

test.run()

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = new URL('..', import.meta.url)
const read = path => JSON.parse(readFileSync(new URL(path, folder), 'utf8'))

const isInstalled = ([name, version]) => {
  const path = `node_modules/${name}/package.json`
  return existsSync(new URL(path, folder)) && read(path).version === version
}

/** Installs the peers, which are no dependencies of convlet itself. */
export function ensurePackages() {
  if (Object.entries(read('package.json').dependencies).every(isInstalled)) return
  console.error('bench: installing the peers into bench/node_modules (npm ci, some 200 MB) ...')
  const { status } = spawnSync('npm', ['ci'], {
    cwd: fileURLToPath(folder),
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error('the peers could not be installed: see the messages of npm above')
}

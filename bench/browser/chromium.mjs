import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const program = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  path => path && existsSync(path),
)

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
]

/** Opens a page and keeps it open for as long as `until` is pending. */
export async function openWhile(url, until) {
  if (!program) throw new Error('there is no Chromium (Debian: apt install chromium; or CHROMIUM=path)')
  const profile = mkdtempSync(join(tmpdir(), 'convlet-bench-'))
  const browser = spawn(program, [...FLAGS, `--user-data-dir=${profile}`, url], { stdio: 'ignore' })
  const closed = new Promise(resolve => browser.once('close', resolve))
  const failed = closed.then(code => Promise.reject(new Error(`Chromium ended with ${code}`)))
  try {
    return await Promise.race([until, failed])
  } finally {
    browser.kill()
    await closed
    // Its helpers may still be writing for a moment.
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }
}

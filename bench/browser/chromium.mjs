import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromiumFlags, chromiumPath, noChromium } from '../../scripts/chromium.mjs'

/** Opens a page and keeps it open for as long as `until` is pending. */
export async function openWhile(url, until) {
  if (!chromiumPath) throw new Error(noChromium)
  const profile = mkdtempSync(join(tmpdir(), 'convlet-bench-'))
  const browser = spawn(chromiumPath, [...chromiumFlags, `--user-data-dir=${profile}`, url], { stdio: 'ignore' })
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

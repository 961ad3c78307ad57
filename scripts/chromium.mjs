// The browser that pages are tested and measured in.
import { existsSync } from 'node:fs'

/** Its program, undefined where there is none. */
export const chromiumPath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  path => path && existsSync(path),
)

/** What to say where there is none. */
export const noChromium = 'there is no Chromium (Debian: apt install chromium; or CHROMIUM=path)'

/** Without a window, a sandbox, which root cannot have, and whatever asks the network on its own account. */
export const chromiumFlags = [
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

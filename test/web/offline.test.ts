// The page without a connection, and under its policy; the new version after the old one.
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bringLesson, train } from './lesson.js'
import { browsing, inBrowser, readDrawing, ready, serve } from './page.js'
import { digits, drawn, symbols } from './strokes.js'

const test = suite('web offline')
const check = inBrowser(test, 'working offline')
const browser = browsing()
test.before(browser.start)
test.after(browser.stop)

const offline = () => document.getElementById('offline')!.textContent === 'works offline'

check('after the first visit it needs no server: it reads, it learns', async () => {
  const server = await serve()
  const { context, page, close } = await browser.open(server.origin)
  await page.waitForFunction(offline)
  server.close()
  await context.setOffline(true)
  await page.reload()
  await ready(page)
  assert.is(await readDrawing(page, drawn(digits[8]!, 21)), '8')
  await bringLesson(page, ['heart', 'star'], 300)
  assert.match(await train(page), /10 of your 10 drawings right/)
  await page.click('#try')
  assert.is(await readDrawing(page, drawn(symbols.heart, 9901)), 'heart')
  await page.waitForFunction(offline)
  await close()
})

check('a new version takes over once the old page is closed, and the old files go', async () => {
  const folder = 'build/web/site-next'
  cpSync('build/web/site', folder, { recursive: true })
  const server = await serve(folder)
  const { context, page, close } = await browser.open(server.origin)
  await page.waitForFunction(offline)
  const before = await page.evaluate(() => caches.keys())
  assert.is(before.length, 1)
  const index = readFileSync(`${folder}/index.html`, 'utf8').replace('</title>', ', anew</title>')
  writeFileSync(`${folder}/index.html`, index)
  writeFileSync(
    `${folder}/sw.js`,
    readFileSync(`${folder}/sw.js`, 'utf8').replace(/VERSION = '\w+'/, "VERSION = 'ffffffffffff'"),
  )
  // As browsers do by themselves at a visit.
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update())
  await page.waitForFunction(async () => (await navigator.serviceWorker.ready).waiting?.state === 'installed')
  await page.reload()
  assert.not.match(await page.title(), /anew/)
  await page.close()
  // The browser sees in its own time that nobody uses the old one.
  let next = await context.newPage()
  for (let i = 0; i < 50; i++) {
    await next.goto(server.origin)
    if (/anew/.test(await next.title())) break
    await next.close()
    await new Promise(resolve => setTimeout(resolve, 100))
    next = await context.newPage()
  }
  await ready(next)
  assert.match(await next.title(), /anew/)
  assert.equal(await next.evaluate(() => caches.keys()), ['convlet-web ffffffffffff'])
  server.close()
  await close()
})

check('the policy: no inline script, no worker from a blob, nothing of others', async () => {
  const server = await serve()
  const answer = await fetch(server.origin)
  const policy = answer.headers.get('content-security-policy')!
  assert.match(policy, /script-src 'self' 'wasm-unsafe-eval';/)
  assert.not.match(
    policy,
    /unsafe-inline|unsafe-eval'(?<!'wasm-unsafe-eval')|blob:.*worker|worker-src[^;]*blob|https?:/,
  )
  const html = await answer.text()
  assert.not.match(html, /<script(?![^>]*src=)|style=|onclick/)
  // The page says the same, for servers that say nothing.
  assert.ok(policy.startsWith(/http-equiv="content-security-policy" content="([^"]*)"/.exec(html)![1]!))

  const { context, page } = await browser.open(server.origin)
  const refused = await page.evaluate(async () => {
    const violations: string[] = []
    document.addEventListener('securitypolicyviolation', event => violations.push(event.effectiveDirective))
    document.head.append(Object.assign(document.createElement('script'), { textContent: 'globalThis.entered = 1' }))
    try {
      new Worker(URL.createObjectURL(new Blob(['0'])))
    } catch {
      // Older ones throw, newer ones send an event.
    }
    await fetch('https://example.com/').catch(() => undefined)
    await new Promise(resolve => setTimeout(resolve, 100))
    return { violations, entered: 'entered' in globalThis }
  })
  assert.not(refused.entered)
  for (const directive of ['script-src-elem', 'worker-src', 'connect-src'])
    assert.ok(refused.violations.includes(directive), `${directive}: ${refused.violations}`)
  await context.close()
  server.close()
})

check('it can be installed: a manifest with icons, nothing that is missing', async () => {
  const server = await serve()
  const { context, page, close } = await browser.open(server.origin)
  await page.waitForFunction(offline)
  const session = await context.newCDPSession(page)
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
  // A page of a test is like one of a private window.
  assert.equal(
    installabilityErrors.map(({ errorId }) => errorId).filter(id => id !== 'in-incognito'),
    [],
  )
  const { errors } = await session.send('Page.getAppManifest')
  assert.equal(errors, [])
  server.close()
  await close()
})

test.run()

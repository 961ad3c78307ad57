// The kernels' tests and the golden networks in every engine that is here. What the plain build gives is the same to the last bit.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bundle } from './bundle.js'
import { engines } from './engines.js'
import type { Report } from './main.js'

const test = suite('engines')
/** `npm run engines -- --golden` writes it. */
const golden = JSON.parse(readFileSync('test/engines/golden.json', 'utf8')) as {
  readonly passed: number
  readonly kernels: string
  readonly networks: Readonly<Record<string, string>>
}

const ANEW = 'not what test/engines/golden.json has; where tests of kernels were changed: npm run engines -- --golden'

test.before(bundle)

for (const { name, install, path, run } of engines) {
  if (!path) console.log(`skipped: the kernels in ${name}, which is not here (${install})`)
  ;(path ? test : test.skip)(name, async () => {
    const { failures, passed, kernels, networks, builds }: Report = await run(path!)
    assert.equal(failures, [])
    assert.is(passed, golden.passed, ANEW)
    assert.ok(builds.includes('simd'))
    assert.equal(Object.fromEntries(Object.entries(networks).map(([name, { hash }]) => [name, hash])), golden.networks)
    assert.is(kernels, golden.kernels, ANEW)
    for (const [name, { relaxed = 0 }] of Object.entries(networks))
      assert.ok(relaxed < 1e-4, `${name}: the relaxed build is ${relaxed} from the plain one`)
  })
}

test.run()

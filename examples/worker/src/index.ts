// A Worker that tells what is on a picture: POST / with a PNG or a JPEG.
import { bodies, withBody } from './body.js'
import { decoderOf, decoders } from './decode.js'
import { failure, HttpError } from './errors.js'
import { MAX_BODY, MAX_PIXELS } from './limits.js'
import { type Env, memoryLimit, model } from './model.js'
import page from './page.html'
import { measure } from './picture.js'

type Handler = (request: Request, env: Env, ctx: ExecutionContext) => Response | Promise<Response>

const classify: Handler = (request, env, ctx) =>
  withBody(request, async bytes => {
    const { kind, width, height } = measure(bytes)
    const [net, decode] = await Promise.all([model(env, ctx), decoderOf(kind)])
    // From here on nothing waits: one picture after the other.
    const predictions = net.classify(decode(bytes), { top: 5 })
    return Response.json({ model: env.MODEL, image: { width, height }, predictions })
  })

const health: Handler = async (_, env, ctx) => {
  const limits = { model: memoryLimit(env), body: MAX_BODY, pixels: MAX_PIXELS }
  const state = async () => ({ bodies: bodies(), decoders: await decoders() })
  try {
    const { build, inputs, labels, memory } = await model(env, ctx)
    const about = { name: env.MODEL, build, inputs, classes: labels?.length }
    return Response.json({ status: 'ok', model: about, memory: { model: memory, ...(await state()) }, limits })
  } catch (error) {
    const { code, message, status } = error as HttpError
    const report = { status: 'failed', error: { code, message }, memory: await state(), limits }
    return Response.json(report, { status })
  }
}

const usage: Handler = () => new Response(page, { headers: { 'content-type': 'text/html; charset=utf-8' } })

const routes: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '/': { GET: usage, POST: classify },
  '/health': { GET: health },
}

const answer: Handler = async (request, env, ctx) => {
  const { pathname } = new URL(request.url)
  const route = routes[pathname]
  if (!route) throw new HttpError(404, 'not_found', `there is nothing at ${pathname}: POST a picture to /.`)
  const isHead = request.method === 'HEAD'
  const method = isHead ? 'GET' : request.method
  const handler = Object.hasOwn(route, method) && route[method]
  if (!handler) {
    const allow = Object.keys(route).flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    throw new HttpError(405, 'method_not_allowed', `${pathname} takes ${allow.join(', ')}.`, {
      allow: allow.join(', '),
    })
  }
  const response = await handler(request, env, ctx)
  return isHead ? new Response(null, response) : response
}

export default {
  fetch: async (request, env, ctx) => {
    try {
      return await answer(request, env, ctx)
    } catch (error) {
      return failure(error)
    }
  },
} satisfies ExportedHandler<Env>

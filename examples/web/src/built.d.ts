// Made by build.mjs for the page that is one file: the worker's code, the network's bytes in base64.
declare module 'built:*' {
  const text: string
  export default text
}

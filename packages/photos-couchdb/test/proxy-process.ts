import { type AddressInfo, connect, createServer } from 'node:net'

/*
 * A process that passes connections on to a node: what a test kills when it kills a node. Arguments: the node's host and port, and
 * the port to listen at, 0 for a free one. Prints its port as a line. Ends with its standard input.
 */
const [host = '', port = '', ownPort = '0'] = process.argv.slice(2)
const server = createServer({ noDelay: true }, (client) => {
  const node = connect({ host, port: Number(port), noDelay: true })
  client.pipe(node).pipe(client)
  client.on('error', () => node.destroy())
  node.on('error', () => client.destroy())
}).listen(Number(ownPort), '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
process.stdin.resume().on('end', () => process.exit())

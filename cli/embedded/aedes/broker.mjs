// A small MQTT 5 broker for machines without Mosquitto: node broker.mjs PORT HOST
import { createServer } from 'node:net'
import { Aedes } from 'aedes'

const [port, host] = process.argv.slice(2)
const broker = await Aedes.createBroker({ concurrency: 10000, queueLimit: 100000, receiveMaximum: 65535 })
const server = createServer(broker.handle)
server.listen(Number(port), host)
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => broker.close(() => process.exit(0)))
}

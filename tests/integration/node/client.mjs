// Drives one of the official TypeScript SDK clients: a JSON request a line on stdin, its JSON answer on stdout.
//
//	node client.mjs v1|v2-legacy|v2-auto URL
//
// {"listTools": {}}, {"callTool": {"name", "arguments"}}, {"readResource": {"uri"}}, {"subscribe": {"uri"}}, and
// {"nextUpdate": {}}, which waits for a notification -> {"result": ...} or {"error": text}
import { createInterface } from 'node:readline';

const [generation, url] = process.argv.slice(2);
const about = { name: `node-${generation}`, version: '1.0.0' };

// Notifications that came, and those who wait for one.
const updates = [];
const waiting = [];
const onUpdate = ({ params }) => (waiting.length > 0 ? waiting.shift()(params) : updates.push(params));
const nextUpdate = () => (updates.length > 0 ? updates.shift() : new Promise((resolve) => waiting.push(resolve)));

async function connectV1() {
	const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
	const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
	const { ResourceUpdatedNotificationSchema } = await import('@modelcontextprotocol/sdk/types.js');
	const transport = new StreamableHTTPClientTransport(new URL(url));
	const client = new Client(about);
	client.setNotificationHandler(ResourceUpdatedNotificationSchema, onUpdate);
	await client.connect(transport);
	return { client, version: transport.protocolVersion };
}

async function connectV2(mode) {
	const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
	const client = new Client(about, { versionNegotiation: { mode } });
	client.setNotificationHandler('notifications/resources/updated', onUpdate);
	await client.connect(new StreamableHTTPClientTransport(new URL(url)));
	return { client, version: client.getNegotiatedProtocolVersion() };
}

const print = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const { client, version } = generation === 'v1' ? await connectV1() : await connectV2(generation.slice(3));
print({ result: { version } });

const operations = {
	listTools: () => client.listTools(),
	callTool: (params) => client.callTool(params),
	readResource: (params) => client.readResource(params),
	subscribe: async ({ uri }) => {
		if (generation === 'v2-auto') await client.listen({ resourceSubscriptions: [uri] });
		else await client.subscribeResource({ uri });
		return {};
	},
	nextUpdate,
};

for await (const line of createInterface({ input: process.stdin })) {
	const [[name, params]] = Object.entries(JSON.parse(line));
	try {
		print({ result: await operations[name](params) });
	} catch (error) {
		print({ error: String(error) });
	}
}
await client.close();

// Drives one of the official TypeScript SDK clients: a JSON request a line on stdin, its JSON answer on stdout.
//
//	node client.mjs v1|v2-legacy|v2-auto URL
//
// {"listTools": {}} or {"callTool": {"name": ..., "arguments": ...}} -> {"result": ...} or {"error": text}
import { createInterface } from 'node:readline';

const [generation, url] = process.argv.slice(2);
const about = { name: `node-${generation}`, version: '1.0.0' };

async function connectV1() {
	const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
	const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
	const transport = new StreamableHTTPClientTransport(new URL(url));
	const client = new Client(about);
	await client.connect(transport);
	return { client, version: transport.protocolVersion };
}

async function connectV2(mode) {
	const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
	const client = new Client(about, { versionNegotiation: { mode } });
	await client.connect(new StreamableHTTPClientTransport(new URL(url)));
	return { client, version: client.getNegotiatedProtocolVersion() };
}

const print = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const { client, version } = generation === 'v1' ? await connectV1() : await connectV2(generation.slice(3));
print({ result: { version } });

for await (const line of createInterface({ input: process.stdin })) {
	const { listTools, callTool } = JSON.parse(line);
	try {
		print({ result: listTools ? await client.listTools() : await client.callTool(callTool) });
	} catch (error) {
		print({ error: String(error) });
	}
}
await client.close();

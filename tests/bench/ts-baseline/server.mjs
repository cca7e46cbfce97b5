// The other baseline: a minimal stateless MCP server on the official TypeScript SDK, JSON answers.
//
//   node server.mjs PORT TOOLS.json     serves tools/list with the tools of that file

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const [port, file] = process.argv.slice(2);
const tools = JSON.parse(readFileSync(file, "utf8"));

createServer(async (request, response) => {
    const server = new Server({ name: "baseline", version: "1" }, { capabilities: { tools: {} } });
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
    const transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: undefined,
        enableJsonResponse: true,
    });
    response.on("close", () => {
        transport.close();
        server.close();
    });
    await server.connect(transport);
    await transport.handleRequest(request, response);
}).listen(Number(port), "127.0.0.1");

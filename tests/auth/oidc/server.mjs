// An authorization server that is not ours (npm oidc-provider) beside an API that takes its tokens, on one free port.
// It writes {"address", "refresh_token", "client_secret"} as its first line, and what it has seen at /seen.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";

import { Provider } from "oidc-provider";

const life = Number(process.argv[2] ?? 3);
const pause = Number(process.argv[3] ?? 100);
const secret = randomBytes(24).toString("base64url");
const seen = { exchanges: [], errors: [], requests: 0, refused: 0, tokens: {} };

const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(address, {
  clients: [
    {
      client_id: "ingestion",
      client_secret: secret,
      grant_types: ["authorization_code", "refresh_token", "client_credentials"],
      redirect_uris: ["https://client.example/back"],
    },
  ],
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  rotateRefreshToken: true, // and a refresh token that comes a second time ends the consent, as RFC 9700 has it
  scopes: ["openid", "offline_access", "read"],
  ttl: { AccessToken: life, ClientCredentials: life, RefreshToken: 3600, Grant: 3600, Interaction: 60, Session: 60, IdToken: 60 },
  cookies: { keys: [randomBytes(24).toString("base64url")] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});
provider.on("grant.success", (ctx) => {
  seen.exchanges.push({ grant: ctx.oidc.params.grant_type, at: Date.now(), spent: ctx.oidc.params.refresh_token ?? null });
});
provider.on("grant.error", (ctx, error) => seen.errors.push(`${error.message}: ${error.error_description ?? error.error_detail}`));
provider.on("server_error", (ctx, error) => seen.errors.push(String(error.stack)));

// The consent, which a person would give in a browser.
const client = await provider.Client.find("ingestion");
const grant = new provider.Grant({ accountId: "ann", clientId: "ingestion" });
grant.addOIDCScope("openid offline_access read");
const grantId = await grant.save();
const refreshToken = await new provider.RefreshToken({
  accountId: "ann",
  acr: undefined,
  authTime: Math.floor(Date.now() / 1000),
  client,
  expiresWithSession: false,
  grantId,
  gty: "authorization_code",
  rotations: 0,
  iiat: Math.floor(Date.now() / 1000),
  scope: "openid offline_access read",
}).save();

const oidc = provider.callback();
server.on("request", async (request, response) => {
  const url = new URL(request.url, address);
  if (url.pathname === "/seen") return answer(response, 200, seen);
  if (!url.pathname.startsWith("/api/")) return oidc(request, response);
  const word = (request.headers.authorization ?? "").replace(/^Bearer /, "");
  const token = (await provider.AccessToken.find(word)) ?? (await provider.ClientCredentials.find(word));
  seen.requests += 1;
  if (!token) {
    seen.refused += 1;
    return answer(response, 401, { error: "invalid_token" });
  }
  seen.tokens[word] = (seen.tokens[word] ?? 0) + 1;
  await setTimeout(pause);
  const page = Number(url.searchParams.get("page") ?? 1);
  const slice = url.pathname.split("/").at(-1);
  answer(response, 200, { items: [{ id: `${slice}-${page}` }], next: page < Number(url.searchParams.get("pages")) ? page + 1 : null });
});

function answer(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}

process.stdin.on("end", () => process.exit(0)).resume(); // with the test that started it
console.log(JSON.stringify({ address, refresh_token: refreshToken, client_secret: secret }));

// A suite as a row of the table in README.md.

export function row(runtime, { name, scheme, sign, seal, sender, verify, one_way, note }) {
  const signs = sign || seal ? "signs" : sender ? "OpenSSL signs" : "–";
  const verifies = !verify ? "–" : one_way || sender ? "verifies" : "verifies what hookgate signs";
  return `| ${name} (${runtime}) | \`${scheme}\` | ${signs} | ${verifies} | ${[one_way, note].filter(Boolean).join("; ")} |`;
}

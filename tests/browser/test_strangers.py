"""Other web pages that are open on the officer's machine."""

ATTACK = """async ([url, text]) => {
  const body = JSON.stringify({ proofs: [{ text }] });
  const tries = [
    { method: "POST", mode: "no-cors", headers: { "content-type": "text/plain" }, body },
    { method: "POST", headers: { "content-type": "application/json" }, body },
    { method: "POST", mode: "no-cors", body: new Blob([body], { type: "text/plain" }) },
  ];
  const out = [];
  for (const how of tries) {
    out.push(await fetch(url + "verify", how).then((it) => it.status, () => "failed"));
  }
  out.push(await fetch(url + "station").then((it) => it.status, () => "failed"));
  return out;
}"""


def test_page_of_another_site_reads_nothing_and_uses_nothing_up(desk, stranger, proofs):
    code = proofs["id"]["digits"]
    page = desk.context.new_page()
    page.goto(f"http://127.0.0.1:{stranger}/")
    assert page.evaluate(ATTACK, [desk.url, code]) == ["failed"] * 4
    page.set_content(f'<iframe src="{desk.url}"></iframe>')
    page.wait_for_timeout(500)
    framed = page.frames[1]
    assert "Kiểm tra danh tính" not in framed.content()
    desk.paste(code)
    assert desk.result()[0] == "valid", "the proof is still good"


def test_name_that_leads_to_this_machine_is_refused(launch, server, proofs):
    port = server.rstrip("/").rsplit(":", 1)[1]
    browser = launch("--host-resolver-rules=MAP evil.example 127.0.0.1")
    page = browser.new_context().new_page()
    response = page.goto(f"http://evil.example:{port}/")
    assert response.status == 403 and "E5038" in response.text()
    assert page.evaluate(ATTACK, [f"http://evil.example:{port}/", proofs["id"]["digits"]]) == [403, 403, 403, 403]

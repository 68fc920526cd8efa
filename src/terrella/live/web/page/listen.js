// Server-sent events, with the token that EventSource could not bring; a broken line is taken up again.
export async function listen(path, headers, take, lost) {
  for (;;) {
    try {
      const answer = await fetch(path, { headers }), reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        rest += value;
        const parts = rest.split("\n\n"); rest = parts.pop();
        for (const part of parts.filter((p) => p.startsWith("data:"))) await take(JSON.parse(part.slice(5)));
      }
    } catch { lost(); }
    await new Promise((go) => setTimeout(go, 3000));
  }
}

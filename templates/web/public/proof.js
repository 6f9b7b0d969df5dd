// Find a number whose SHA-256 hash, with the challenge and the address, begins with enough zero bits.
// crypto.subtle exists only on secure pages and is slow for short texts, so the hash is here.
"use strict";
(function () {
  const form = document.querySelector("form[data-challenge]");
  if (!form) return;
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
  const fraction = (x) => ((x - Math.floor(x)) * 4294967296) | 0;
  const K = primes.map((p) => fraction(Math.cbrt(p)));
  const H = primes.slice(0, 8).map((p) => fraction(Math.sqrt(p)));
  const rotate = (x, n) => (x >>> n) | (x << (32 - n));

  function sha256(bytes) {
    const length = bytes.length;
    const words = new Int32Array((((length + 8) >> 6) + 1) * 16);
    for (let i = 0; i < length; i++) words[i >> 2] |= bytes[i] << (24 - (i % 4) * 8);
    words[length >> 2] |= 0x80 << (24 - (length % 4) * 8);
    words[words.length - 1] = length * 8;
    const h = H.slice();
    const w = new Int32Array(64);
    for (let block = 0; block < words.length; block += 16) {
      for (let i = 0; i < 64; i++) {
        if (i < 16) { w[i] = words[block + i]; continue; }
        const a = w[i - 15], b = w[i - 2];
        const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3);
        const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      let [a, b, c, d, e, f, g, z] = h;
      for (let i = 0; i < 64; i++) {
        const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
        const t1 = (z + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
        const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        z = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
      }
      [a, b, c, d, e, f, g, z].forEach((value, i) => { h[i] = (h[i] + value) | 0; });
    }
    return h;
  }

  const question = form.querySelector("[data-question]");
  question.hidden = true;
  question.querySelector("input").required = false;
  form.addEventListener("submit", () => {
    const bits = Number(form.dataset.bits);
    const address = form.elements.address.value.trim();
    const start = form.dataset.challenge + "|" + address + "|";
    const encoder = new TextEncoder();
    let number = 0;
    while (sha256(encoder.encode(start + number))[0] >>> (32 - bits) !== 0) number++;
    form.elements.proof.value = String(number);
  });
})();

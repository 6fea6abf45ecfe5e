# SPDX-License-Identifier: Apache-2.0
# Reuse distances of the pages of a text trace: for each DMA, how many other pages of the same domain's requester were used since the last use of its page. A page
# that was mapped anew is a new page, and an unmapped one is forgotten, as an IOTLB forgets it. Prints for distances 0, 1, 2, 4, ...: the share of DMAs at or below.
#   awk -v name=NAME -f reuse.awk TRACE
function num(s,   i, v)
{
	if (s !~ /^0x/)
		return s + 0
	for (i = 3; i <= length(s); i++)
		v = 16 * v + index("0123456789abcdef", substr(s, i, 1)) - 1
	return v
}
function drop(p)
{
	if (!(p in alive))
		return
	nxt[prv[p]] = nxt[p]
	prv[nxt[p]] = prv[p]
	delete alive[p]
}
function front(p)
{
	nxt[p] = nxt[0]; prv[p] = 0
	prv[nxt[0]] = p; nxt[0] = p
	alive[p] = 1
}
BEGIN { nxt[0] = prv[0] = 0 }
/^#/ { next }
$1 == "attach" { dom[$2 " " $3] = $4 }
$1 == "unmap" {
	for (i = 0; i < num($4) / 4096; i++)
		drop($2 " " (num($3) / 4096 + i))
}
$1 == "dma" {
	split($4, a, "+")
	pasid = "pasid=-"
	if ($5 ~ /^pasid=/)
		pasid = $5
	d = dom[$2 " " pasid]
	p = d " " int(num(a[1]) / 4096)
	n++
	if (p in alive) {
		far = 0
		for (q = nxt[0]; q != p; q = nxt[q])
			far++
		count[far]++
		drop(p)
		if (far > top)
			top = far
	} else {
		first++
	}
	front(p)
}
END {
	for (i = 0; i <= top; i++) {
		sum += count[i]
		if (i == edge) {
			printf "%s,%d,%.5f\n", name, i, sum / n
			edge = edge ? 2 * edge : 1
		}
	}
	for (; edge <= 8192; edge *= 2)
		printf "%s,%d,%.5f\n", name, edge, sum / n
	printf "%s,first,%.5f\n", name, first / n
}

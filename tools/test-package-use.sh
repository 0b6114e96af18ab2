#!/bin/bash
# What tools/test-package.sh does with the installed command, as a plain user in a fresh Debian: nothing is there but the
# package, what it depends on, and Debian's essential programs.
set -euo pipefail
cd "$HOME"
umask 077
trap 'echo "package-test: line $LINENO went wrong: $BASH_COMMAND" >&2' ERR

# same FOLDER FOLDER: content, links, modes and times.
same() {
    diff -r --no-dereference "$1" "$2"
    diff <(listing "$1") <(listing "$2")
}
listing() { (cd "$1" && find . -mindepth 1 -printf '%p %y %m %n %l %T@\n' | LC_ALL=C sort); }

echo '== the files of the package'
bash -n /usr/share/bash-completion/completions/hikae
head -1 /usr/share/zsh/vendor-completions/_hikae | grep -qx '#compdef hikae'
gzip -dc /usr/share/man/man1/hikae.1.gz | sed -n 1p | grep -q '^\.TH HIKAE 1'
cd /usr/share/doc/hikae
# Every link from the front page to a page of the manual holds.
grep -oE '\]\(docs/[^)#]*' README.md README.ja.md | sed 's/.*(//' | sort -u | while read -r page; do
    [ -f "$page" ] || { echo "$page is not there"; exit 1; }
done
(cd / && md5sum --quiet -c /var/lib/dpkg/info/hikae.md5sums)
cd "$HOME"

echo '== init, backup, restore, check'
mkdir -p source/inner/控え
head -c 9000000 /dev/urandom >source/inner/noise
seq 200000 >source/inner/控え/数字.txt
ln -s inner/noise source/link
ln source/inner/noise source/hard
: >source/empty
chmod 640 source/empty
export HIKAE_REPOSITORY=$HOME/repository HIKAE_PASSWORD=正しい馬
hikae init
hikae backup "$HOME/source"
hikae check --read-data
hikae restore "latest:$HOME/source" --target restored
same source restored

echo '== a plan in Japanese'
unset HIKAE_REPOSITORY HIKAE_PASSWORD
printf 'correct horse\n' >vault.password
mkdir plan
hikae init --plan plan/hikae.yaml --organisation さくら商店 --language ja --vault "$HOME/plan-vault" \
    --source "shop/site=$HOME/source"
hikae backup --plan plan/hikae.yaml
hikae status --plan plan/hikae.yaml
hikae restore shop --plan plan/hikae.yaml --to looked
cmp source/inner/noise "$(find looked -name noise)"

echo '== a vault server, and a repository on it'
hikae vault user add shop --folder served --tenant sakura --role append --password "file:$HOME/vault.password"
hikae vault serve --folder served --listen 127.0.0.1:0 >serve.log 2>&1 &
server=$!
for _ in $(seq 600); do
    address=$(sed -n 's|.*http://\([0-9.:]*\)/.*|\1|p' serve.log)
    [ -z "$address" ] || break
    kill -0 $server || { cat serve.log; exit 1; }
    sleep 0.1
done
exec 3<>"/dev/tcp/${address%:*}/${address#*:}"
printf 'GET /healthz HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n' >&3
head -1 <&3
exec 3>&-
export HIKAE_REPOSITORY="rest:http://shop:correct%20horse@$address/sakura/main/" HIKAE_PASSWORD=正しい馬
hikae init
hikae backup "$HOME/source"
hikae check --read-data
hikae restore "latest:$HOME/source" --target fetched
same source fetched
hikae vault audit served
kill $server
wait $server

